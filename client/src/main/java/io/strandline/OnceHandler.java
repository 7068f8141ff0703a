package io.strandline;

/** Asks a {@link Deduplication} before its handler is called, and does not believe an answer that cannot be true. */
record OnceHandler<K, V>(Deduplication store, Handler<K, V> handler) implements Handler<K, V> {
    @Override
    public void handle(Message<K, V> message, Context context) throws Exception {
        var call = new Call(message, context);
        boolean saysNow = store.once(context.group(), message, call);
        if (saysNow != call.returned || call.begun != call.returned) {
            throw new IllegalStateException(store + " says that " + message.partition() + "@" + message.offset()
                    + (saysNow ? " is done now" : " was done before") + ", but its handler "
                    + (!call.begun ? "was not called" : call.returned ? "was called and returned" : "failed"));
        }
        if (!saysNow) {
            context.duplicate(message);
        }
    }

    /** Of one thread. */
    private final class Call implements Deduplication.Work {
        private final Message<K, V> message;
        private final Context context;
        private boolean begun;
        private boolean returned;

        Call(Message<K, V> message, Context context) {
            this.message = message;
            this.context = context;
        }

        @Override
        public void run() throws Exception {
            if (begun) {
                throw new IllegalStateException(
                        store + " runs the work for " + message.partition() + "@" + message.offset() + " twice");
            }
            begun = true;
            handler.handle(message, context);
            returned = true;
        }
    }
}
