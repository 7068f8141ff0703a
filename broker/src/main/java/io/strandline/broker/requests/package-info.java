/**
 * The APIs: one handler each, and the table that says which there are. Wire types stop here; what lies behind are topics, logs
 * and groups as plain values. Start reading at {@link io.strandline.broker.requests.Requests}.
 */
@NullMarked
package io.strandline.broker.requests;

import org.jspecify.annotations.NullMarked;
