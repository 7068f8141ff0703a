package io.strandline.broker.life;

import io.strandline.broker.Seeds;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guards W15: an offset that was acknowledged, an assignment that was told, a deletion that was answered, hold. */
class GroupLifeTest {
    /** Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.broker.groups");

    private final Lives lives = new Lives("GroupLifeTest", List.of(GroupClients::new));

    @BeforeAll
    static void keepQuiet() {
        QUIET.setLevel(Level.OFF);
    }

    @Test
    void whatGroupsWereToldHoldsAfterAPowerCutAtAnyMoment() {
        lives.live(Seeds.first(), 12, 150, 0.1);
    }

    @Test
    @Tag("long")
    void whatGroupsWereToldHoldsAfterAPowerCutAtEveryOperationOfAThousandLives() {
        lives.live(Seeds.anywhere(), Integer.getInteger("lives", 1_000), 60, BrokerLife.ALWAYS);
    }
}
