package io.strandline.conformance;

@OnEveryTarget(client = "kafka-clients 3.9.2 in a JVM of its own")
class OlderJavaClientTest extends OwnJvm {
    OlderJavaClientTest(Subject subject) {
        super(subject.shared(), "3.9.2", ClassPaths.olderKafkaClients());
    }
}
