package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster that answers the creation of a topic before all of its brokers know of it. */
@Timeout(60)
class NewTopicTest {
    private static final Topic<String, String> NEW = Topic.strings("new").partitions(3);

    private final VirtualTime time = new VirtualTime();
    private final AtomicInteger unseen = new AtomicInteger();
    private Broker broker;
    private org.apache.kafka.clients.admin.Admin kafka;
    private BlockingAdmin admin;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
        admin = new BlockingAdmin(bootstrap -> late(kafka), broker.bootstrapServers(), time);
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    /** The real admin, except that the next {@code unseen} descriptions do not find what is there. */
    private org.apache.kafka.clients.admin.Admin late(org.apache.kafka.clients.admin.Admin real) {
        return (org.apache.kafka.clients.admin.Admin) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {org.apache.kafka.clients.admin.Admin.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("describeTopics") && unseen.getAndDecrement() > 0) {
                        return real.describeTopics(List.of("nowhere"));
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void aCreatedTopicIsToBeSeen() {
        unseen.set(5);
        assertThat(admin.create(NEW)).isTrue();
        assertThat(admin.partitionCount("new")).hasValue(3);
    }

    @Test
    void aTopicThatSomeoneElseCreatedAMomentAgoIsToBeSeenToo() {
        admin.create(NEW);
        unseen.set(5);
        assertThat(admin.create(NEW)).isFalse();
        assertThat(admin.partitionCount("new")).hasValue(3);
    }

    @Test
    void aTopicThatThisUserMayNotSeeIsWaitedForInBoundedTime() {
        unseen.set(Integer.MAX_VALUE);
        assertThat(admin.create(NEW)).isTrue();
    }
}
