package telltale.harness;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/** A cache of evidence outcomes, with exceptions as those of a {@link Log}. */
public interface Cache {
    /** Returns the entry of exactly this id. */
    Optional<JsonNode> get(String evidenceId) throws Exception;

    /** Stores an entry in place of any other with its {@code evidence_id}. */
    void put(JsonNode entry) throws Exception;

    /** Returns all entries. */
    List<JsonNode> load() throws Exception;

    /** Closes the cache. */
    default void close() throws Exception {}
}
