package io.strandline.storage;

/**
 * A place in the tree of a {@link Disk}, taken apart: the directory that holds it, and its name there. The root, the
 * empty path, has no name. {@link Disk} says which paths there are.
 *
 * @param directory path of the directory, empty for the root
 * @param name without slashes; empty only for the root itself
 */
public record DiskPath(String directory, String name) {

    /** @throws IllegalArgumentException if a disk cannot have such a path; the message says which, and the rule */
    public static DiskPath of(String path) {
        if (path.isEmpty()) {
            return new DiskPath("", "");
        }
        int start = 0;
        while (true) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            if (!isName(path, start, end)) {
                throw new IllegalArgumentException("not a path of a disk: \"" + path
                        + "\". Paths are names separated by '/', with none of them empty, \".\" or \"..\"");
            }
            if (slash < 0) {
                return new DiskPath(start == 0 ? "" : path.substring(0, start - 1), path.substring(start));
            }
            start = slash + 1;
        }
    }

    /** The same for a path that must name something in a directory, which the root does not. */
    public static DiskPath ofEntry(String path) {
        var result = of(path);
        if (result.isRoot()) {
            throw new IllegalArgumentException("the root of a disk cannot be made, opened, renamed or deleted");
        }
        return result;
    }

    /** Whether this is the root, which always exists. */
    public boolean isRoot() {
        return name.isEmpty();
    }

    private static boolean isName(String path, int start, int end) {
        int length = end - start;
        boolean dots = length == 1 && path.charAt(start) == '.'
                || length == 2 && path.charAt(start) == '.' && path.charAt(start + 1) == '.';
        return length > 0 && !dots && !isStrange(path, start, end);
    }

    /** A zero ends a name for the system, a backslash separates names on Windows: both would lead elsewhere. */
    private static boolean isStrange(String path, int start, int end) {
        for (int at = start; at < end; at++) {
            if (path.charAt(at) == 0 || path.charAt(at) == '\\') {
                return true;
            }
        }
        return false;
    }
}
