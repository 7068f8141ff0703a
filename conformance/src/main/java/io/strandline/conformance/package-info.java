/**
 * The equipment of the conformance tests and the benchmarks: brokers to test against, child processes that cannot
 * outlive their parent, and foreign clients. Not published.
 */
@NullMarked
package io.strandline.conformance;

import org.jspecify.annotations.NullMarked;
