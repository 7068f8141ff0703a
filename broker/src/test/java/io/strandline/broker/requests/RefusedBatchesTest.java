package io.strandline.broker.requests;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.ManualTime;
import io.strandline.storage.Batch;
import org.junit.jupiter.api.Test;

class RefusedBatchesTest {
    private final ManualTime time = new ManualTime();
    private final RefusedBatches batches = new RefusedBatches(time);

    @Test
    void theFirstThatWasRefusedComesFirstHoweverManyWereRefusedBehindIt() {
        batches.refused(batch(7, 0, 5), "events", 0);
        batches.refused(batch(7, 0, 6), "events", 0);

        assertThat(batches.before(batch(7, 0, 6), "events", 0)).contains(5);
        assertThat(batches.before(batch(7, 0, 5), "events", 0)).isEmpty();
    }

    @Test
    void nobodyElseWaitsForIt() {
        batches.refused(batch(7, 0, 5), "events", 0);

        assertThat(batches.before(batch(8, 0, 6), "events", 0)).isEmpty();
        assertThat(batches.before(batch(7, 0, 6), "events", 1)).isEmpty();
        assertThat(batches.before(batch(7, 0, 6), "others", 0)).isEmpty();
        assertThat(batches.before(Stage.batch("a").build(), "events", 0)).isEmpty();
    }

    @Test
    void whenItWasTakenTheLogItselfKnowsWhatComesNext() {
        batches.refused(batch(7, 0, 5), "events", 0);
        batches.taken(batch(7, 0, 5), "events", 0);

        assertThat(batches.before(batch(7, 0, 9), "events", 0)).isEmpty();
    }

    @Test
    void aNewEpochBeginsAnewAndWhatComesLateOfTheOldOneChangesNothing() {
        batches.refused(batch(7, 0, 5), "events", 0);
        assertThat(batches.before(batch(7, 1, 6), "events", 0)).isEmpty();

        batches.refused(batch(7, 1, 0), "events", 0);
        batches.refused(batch(7, 0, 6), "events", 0);

        assertThat(batches.before(batch(7, 1, 1), "events", 0)).contains(0);
    }

    @Test
    void whatNobodySendsAgainIsForgotten() {
        batches.refused(batch(7, 0, 5), "events", 0);
        time.advanceMs(RefusedBatches.REMEMBERED_FOR.toMillis() + 1);

        assertThat(batches.before(batch(7, 0, 6), "events", 0)).isEmpty();
    }

    @Test
    void whatIsSentAgainAndAgainIsNot() {
        batches.refused(batch(7, 0, 5), "events", 0);
        time.advanceMs(RefusedBatches.REMEMBERED_FOR.toMillis());
        batches.refused(batch(7, 0, 5), "events", 0);
        time.advanceMs(RefusedBatches.REMEMBERED_FOR.toMillis());

        assertThat(batches.before(batch(7, 0, 6), "events", 0)).contains(5);
    }

    @Test
    void itIsBounded() {
        for (int producer = 0; producer <= RefusedBatches.REMEMBERED_MAX; producer++) {
            batches.refused(batch(producer, 0, 5), "events", 0);
        }

        assertThat(batches.before(batch(0, 0, 6), "events", 0)).isEmpty();
        assertThat(batches.before(batch(1, 0, 6), "events", 0)).contains(5);
    }

    private static Batch batch(long producer, int epoch, int sequence) {
        return Stage.batch("a").producer(producer, (short) epoch, sequence).build();
    }
}
