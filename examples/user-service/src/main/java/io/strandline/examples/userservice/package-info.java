/** The tutorial's user service: publishes user events durably and handles them in a group. */
@NullMarked
package io.strandline.examples.userservice;

import org.jspecify.annotations.NullMarked;
