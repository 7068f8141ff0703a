/**
 * What every message needs: bytes in and out, payloads that are not copied, request and response frames, the table of
 * APIs and the error codes. The messages themselves are generated, see {@code docs/decisions/0001}.
 */
@NullMarked
package io.strandline.protocol;

import org.jspecify.annotations.NullMarked;
