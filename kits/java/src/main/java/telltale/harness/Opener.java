package telltale.harness;

import java.nio.file.Path;

/** Opens what is kept in a directory, which is empty at first; the second time, what is there. */
@FunctionalInterface
public interface Opener<T> {
    /** Opens the log or the cache. */
    T open(Path directory) throws Exception;
}
