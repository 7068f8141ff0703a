package io.strandline.conformance;

@OnEveryTarget(client = "kafka-clients 4.3.1 in a JVM of its own")
class CurrentJavaClientTest extends OwnJvm {
    CurrentJavaClientTest(Subject subject) {
        super(subject.shared(), "4.3.1", ClassPaths.apacheKafka());
    }
}
