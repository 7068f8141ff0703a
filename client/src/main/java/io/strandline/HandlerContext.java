package io.strandline;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** What the handler of one message may ask. */
record HandlerContext(Tenure tenure, MemberContext member) implements Handler.Context {
    @Override
    public Partition partition() {
        return tenure.partition();
    }

    @Override
    public String group() {
        return member.group();
    }

    @Override
    public void duplicate(Message<?, ?> message) {
        member.events()
                .raise(new Event.Duplicate(member.time().now(), member.group(), message.partition(), message.offset()));
    }

    @Override
    public Pause pause() {
        return pause(Optional.empty());
    }

    @Override
    public Pause pause(Duration atMost) {
        return pause(Optional.of(atMost));
    }

    private Pause pause(Optional<Duration> atMost) {
        var pause = new Held();
        if (tenure.hold(pause, Tenure.By.HANDLER, atMost)) {
            member.events()
                    .raise(new Event.Paused(member.time().now(), member.group(), pause.partitions(), "by its handler"));
        }
        return pause;
    }

    @Override
    public boolean stopping() {
        return member.stopping().getAsBoolean();
    }

    @Override
    public boolean stale() {
        return tenure.stale();
    }

    private final class Held implements Pause {
        @Override
        public Set<Partition> partitions() {
            return Set.of(tenure.partition());
        }

        @Override
        public void resume() {
            if (tenure.release(this)) {
                member.events().raise(new Event.Resumed(member.time().now(), member.group(), partitions()));
            }
        }
    }
}
