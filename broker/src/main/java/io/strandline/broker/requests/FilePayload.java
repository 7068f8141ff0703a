package io.strandline.broker.requests;

import io.strandline.broker.net.Reply.Part;
import io.strandline.protocol.Payload;
import io.strandline.storage.FileSlice;
import java.io.IOException;
import java.nio.channels.GatheringByteChannel;
import java.util.ArrayList;
import java.util.List;

/** Record batches that stay in their files until they go to the socket. */
record FilePayload(List<FileSlice> slices, int length) implements Payload {
    List<Part> parts() {
        var parts = new ArrayList<Part>(slices.size());
        for (var slice : slices) {
            parts.add(new Sent(slice));
        }
        return parts;
    }

    private record Sent(FileSlice slice) implements Part.Slice {
        @Override
        public long length() {
            return slice.length();
        }

        @Override
        public long transferTo(long from, GatheringByteChannel channel) throws IOException {
            return slice.transferTo((int) from, channel);
        }
    }
}
