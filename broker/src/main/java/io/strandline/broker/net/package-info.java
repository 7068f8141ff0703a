/** Sockets: who may connect, where one request ends and the next begins, and in which order replies leave. Knows no API. */
@NullMarked
package io.strandline.broker.net;

import org.jspecify.annotations.NullMarked;
