package telltale.harness;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.List;
import telltale.harness.protocol.Refused;

/**
 * An append-only log. {@link Refused} is the declared error of the contract; any other exception is
 * reported as a fault.
 */
public interface Log {
    /** Stores an entry at the end, or refuses it. */
    void append(JsonNode entry) throws Exception;

    /** Returns the entries with a tick above this one, in stored order. */
    List<JsonNode> readSince(BigInteger tick) throws Exception;

    /** Returns all entries, in stored order. */
    List<JsonNode> load() throws Exception;

    /** Closes the log; what it acknowledged stays, if its durability promises that. */
    default void close() throws Exception {}
}
