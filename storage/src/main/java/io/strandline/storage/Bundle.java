package io.strandline.storage;

/**
 * Appends to several logs of which a crash leaves all or none (W10).
 *
 * @param number grows from bundle to bundle, so that all logs agree on their order
 * @param parts batches in it
 */
record Bundle(long number, int parts) {}
