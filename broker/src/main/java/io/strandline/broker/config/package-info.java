/** Settings of the broker and of topics: names, bounds, defaults, and what to say about a name that does not exist. */
@NullMarked
package io.strandline.broker.config;

import org.jspecify.annotations.NullMarked;
