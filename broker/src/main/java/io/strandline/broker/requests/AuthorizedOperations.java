package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import java.util.List;

/**
 * What a client may do to a resource, for responses that tell it when asked (KIP-430): one bit for each operation that the
 * resource knows, at the place of Kafka's number for it.
 */
final class AuthorizedOperations {
    private AuthorizedOperations() {}

    static int of(Resource resource, String name, Node node, Call call) {
        int bits = 0;
        for (var operation : known(resource)) {
            if (node.allows(call, operation, resource, name)) {
                bits |= 1 << kafkaNumber(operation);
            }
        }
        return bits;
    }

    private static List<Operation> known(Resource resource) {
        return switch (resource) {
            case TOPIC ->
                List.of(
                        Operation.READ,
                        Operation.WRITE,
                        Operation.CREATE,
                        Operation.DELETE,
                        Operation.ALTER,
                        Operation.DESCRIBE,
                        Operation.DESCRIBE_CONFIGS,
                        Operation.ALTER_CONFIGS);
            case GROUP ->
                List.of(
                        Operation.READ,
                        Operation.DELETE,
                        Operation.DESCRIBE,
                        Operation.DESCRIBE_CONFIGS,
                        Operation.ALTER_CONFIGS);
            case CLUSTER ->
                List.of(
                        Operation.CREATE,
                        Operation.ALTER,
                        Operation.DESCRIBE,
                        Operation.CLUSTER_ACTION,
                        Operation.DESCRIBE_CONFIGS,
                        Operation.ALTER_CONFIGS,
                        Operation.IDEMPOTENT_WRITE);
            case TRANSACTIONAL_ID -> List.of(Operation.WRITE, Operation.DESCRIBE);
        };
    }

    private static int kafkaNumber(Operation operation) {
        return switch (operation) {
            case READ -> 3;
            case WRITE -> 4;
            case CREATE -> 5;
            case DELETE -> 6;
            case ALTER -> 7;
            case DESCRIBE -> 8;
            case CLUSTER_ACTION -> 9;
            case DESCRIBE_CONFIGS -> 10;
            case ALTER_CONFIGS -> 11;
            case IDEMPOTENT_WRITE -> 12;
        };
    }
}
