package io.strandline.broker.life;

import io.strandline.broker.Seeds;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guards the promise: what was acknowledged is there, what a consumer saw is there, whatever happens when. */
class BrokerLifeTest {
    /** Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.broker.groups");

    private final Lives lives = new Lives("BrokerLifeTest", List.of(TopicClients::new, GroupClients::new));

    @BeforeAll
    static void keepQuiet() {
        QUIET.setLevel(Level.OFF);
    }

    @Test
    void whatWasToldToClientsIsThereAfterAPowerCutAtAnyMoment() {
        lives.live(Seeds.first(), 12, 150, 0.1);
    }

    @Test
    @Tag("long")
    void whatWasToldToClientsIsThereAfterAPowerCutAtEveryOperationOfAThousandLives() {
        lives.live(Seeds.anywhere(), Integer.getInteger("lives", 1_000), 60, BrokerLife.ALWAYS);
    }
}
