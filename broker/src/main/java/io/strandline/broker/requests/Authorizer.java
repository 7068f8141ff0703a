package io.strandline.broker.requests;

import io.strandline.broker.net.Session;

/** Who may do what. Asked for every resource of every request. */
public interface Authorizer {
    /** As long as there are no access rules. */
    Authorizer ALLOW_ALL = (session, operation, resource, name) -> true;

    /** What is to be done. Names as in Kafka's ACLs. */
    enum Operation {
        READ,
        WRITE,
        CREATE,
        DELETE,
        ALTER,
        DESCRIBE,
        DESCRIBE_CONFIGS,
        ALTER_CONFIGS,
        CLUSTER_ACTION,
        IDEMPOTENT_WRITE
    }

    /** To what it is to be done. */
    enum Resource {
        TOPIC,
        GROUP,
        CLUSTER,
        TRANSACTIONAL_ID
    }

    /** The name of the one resource of type {@link Resource#CLUSTER}. */
    String CLUSTER_NAME = "kafka-cluster";

    boolean allows(Session session, Operation operation, Resource resource, String name);
}
