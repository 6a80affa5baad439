package telltale.harness.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.Map;

/** One request of the runner: an operation with its arguments by name. */
public final class Request {
    private final Runner runner;
    private final JsonNode message;

    Request(Runner runner, JsonNode message) {
        this.runner = runner;
        this.message = message;
    }

    /** Returns the name of the operation that is asked for. */
    public String operation() {
        return message.get("operation").textValue();
    }

    /** Returns an argument as it came. */
    public JsonNode value(String name) {
        JsonNode value = message.get(name);
        if (value == null) {
            throw new IllegalArgumentException(operation() + " has no argument " + name);
        }
        return value;
    }

    /** Returns an argument that is a text. */
    public String text(String name) {
        JsonNode value = value(name);
        if (!value.isTextual()) {
            throw new IllegalArgumentException(name + " is a text, not " + value);
        }
        return value.textValue();
    }

    /** Returns an argument that is an integer up to 2^64-1, more than a long can hold. */
    public BigInteger integer(String name) {
        JsonNode value = value(name);
        if (!value.isIntegralNumber()) {
            throw new IllegalArgumentException(name + " is an integer, not " + value);
        }
        return value.bigIntegerValue();
    }

    /** Returns the number of the object that is asked. */
    public BigInteger object() {
        return integer("object");
    }

    /**
     * Returns what one of the runner's objects answers while this request is served.
     *
     * @throws Refused with its declared error
     * @throws CalleeFault when the object breaks its contract, on purpose: let it pass through
     */
    public JsonNode call(String operation, BigInteger object, Map<String, ?> arguments)
            throws Refused {
        return runner.call(message.get("id"), operation, object, arguments);
    }
}
