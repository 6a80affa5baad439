package telltale.harness.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.math.BigInteger;
import java.util.Map;
import java.util.Objects;

/**
 * The protocol telltale-conformance.harness.v1; nothing here needs to be filled in.
 *
 * <p>The runner writes requests to our standard input and reads our answers, one JSON object a line.
 * While a request is served, {@link Request#call} asks for the runner's own objects; a request that
 * arrives before the answer to a call is served first, by the same code once more.
 */
public final class Runner {
    private static final String PROTOCOL = "telltale-conformance.harness.v1";
    private static final String SPECIFICATION = "telltale.machine.durability.v1";

    /** Deeply nested values are written by recursion. This is address space, not memory. */
    private static final long STACK_BYTES = 256L * 1024 * 1024;

    private static final int CHUNK_BYTES = 64 * 1024;

    /** Reads and writes values as they are: integers of any size, deep values and long texts too. */
    public static final ObjectMapper JSON = mapper();

    private final InputStream input;
    private final OutputStream output;
    private final Promises promises;
    private final Operations operations;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private int start;
    private int end;
    private long calls;

    private Runner(
            InputStream input, OutputStream output, Promises promises, Operations operations) {
        this.input = input;
        this.output = output;
        this.promises = promises;
        this.operations = operations;
    }

    /**
     * Answers requests until the runner says shutdown or closes its end of the pipe.
     *
     * <p>It ends the program then; at a line that is no message, with exit status 1.
     */
    public static void serve(Promises promises, Operations operations) {
        PrintStream output = System.out;
        // Standard output is for messages only, so a stray print goes to standard error instead.
        System.setOut(System.err);
        Runnable work = () -> System.exit(status(System.in, output, promises, operations));
        new Thread(null, work, "requests", STACK_BYTES).start();
    }

    private static int status(
            InputStream input, OutputStream output, Promises promises, Operations operations) {
        try {
            serve(input, output, promises, operations);
            return 0;
        } catch (IOException error) {
            System.err.println("harness: " + error.getMessage());
            return 1;
        }
    }

    /**
     * Does the same on any two streams, and returns at the end of the conversation.
     *
     * @throws IOException at a line that is no message, and when a stream is broken
     */
    public static void serve(
            InputStream input, OutputStream output, Promises promises, Operations operations)
            throws IOException {
        Runner runner = new Runner(input, output, promises, operations);
        try {
            while (true) {
                runner.answer(runner.read());
            }
        } catch (End reached) {
            if (reached.getCause() instanceof IOException error) {
                throw error;
            }
        }
    }

    JsonNode call(JsonNode during, String operation, BigInteger object, Map<String, ?> arguments)
            throws Refused {
        long number = ++calls;
        ObjectNode call = JSON.createObjectNode();
        call.put("call", number);
        call.set("during", during);
        call.put("operation", operation);
        call.put("object", object);
        arguments.forEach((name, value) -> call.set(name, JSON.valueToTree(value)));
        JsonNode answer;
        try {
            write(call);
            answer = read();
            while (!answer.has("call")) {
                answer(answer);
                answer = read();
            }
            if (answer.get("call").longValue() != number) {
                throw new IOException("not a message: call " + number + " waits, not " + answer);
            }
        } catch (IOException error) {
            throw new End(error);
        }
        if (answer.has("refused")) {
            throw new Refused(answer.get("refused").textValue());
        }
        if (answer.has("fault")) {
            JsonNode fault = answer.get("fault");
            throw new CalleeFault(
                    fault.get("kind").textValue(), fault.get("text").textValue(), number);
        }
        return answer.get("ok");
    }

    private void answer(JsonNode message) throws IOException {
        if (!message.path("operation").isTextual()) {
            throw new IOException("not a message: an answer to a call that nobody made: " + message);
        }
        ObjectNode answer = JSON.createObjectNode();
        answer.set("id", message.get("id"));
        Request request = new Request(this, message);
        try {
            answer.set("ok", JSON.valueToTree(perform(request)));
        } catch (End over) {
            throw over;
        } catch (Refused refused) {
            // A text that is missing is the backend's fault (WAL-09), so nothing is put in its place.
            answer.put("refused", Objects.requireNonNullElse(refused.getMessage(), ""));
        } catch (Unsupported unsupported) {
            answer.put("unsupported", unsupported.getMessage());
        } catch (CalleeFault fault) {
            answer.putObject("fault")
                    .put("kind", fault.kind)
                    .put("text", fault.getMessage())
                    .put("call", fault.call);
        } catch (Throwable error) {
            // An assertion that failed and a stack that overflowed are faults of a backend too.
            error.printStackTrace();
            answer.putObject("fault")
                    .put("kind", error.getClass().getSimpleName())
                    .put("text", String.valueOf(error.getMessage()));
        }
        write(answer);
        if (request.operation().equals("shutdown")) {
            throw new End(null);
        }
    }

    private Object perform(Request request) throws Exception {
        return switch (request.operation()) {
            case "hello" -> hello();
            case "shutdown" -> null;
            default -> operations.perform(request);
        };
    }

    private ObjectNode hello() {
        ObjectNode hello = JSON.createObjectNode();
        hello.put("protocol", PROTOCOL);
        hello.put("specification", SPECIFICATION);
        hello.put("name", promises.name());
        hello.put("version", promises.version());
        hello.set("capabilities", JSON.valueToTree(promises.capabilities()));
        hello.put("rejection_mode", promises.rejectionMode());
        hello.put("durability_class", promises.durabilityClass());
        hello.put("concurrent_calls", false);
        hello.set("mends", JSON.valueToTree(promises.mends()));
        return hello;
    }

    private JsonNode read() throws IOException {
        byte[] line = readLine();
        JsonNode message;
        try {
            message = JSON.readTree(line);
        } catch (JsonProcessingException error) {
            throw new IOException("not a message: " + error.getOriginalMessage(), error);
        }
        boolean isRequest = message.path("operation").isTextual() && message.has("id");
        if (!isRequest && !message.path("call").isIntegralNumber()) {
            throw new IOException("not a message: " + message);
        }
        return message;
    }

    /** Returns a line, however long, which ends at a line feed and nowhere else. */
    private byte[] readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            for (int index = start; index < end; index++) {
                if (chunk[index] == '\n') {
                    line.write(chunk, start, index - start);
                    start = index + 1;
                    return line.toByteArray();
                }
            }
            line.write(chunk, start, end - start);
            start = 0;
            end = Math.max(0, input.read(chunk));
            if (end == 0 && line.size() == 0) {
                throw new End(null); // The runner has left.
            }
            if (end == 0) {
                throw new IOException("not a message: the input ended within a line");
            }
        }
    }

    private void write(ObjectNode message) throws IOException {
        // The text is whole before a byte of it is written.
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        line.write(JSON.writeValueAsBytes(message));
        line.write('\n');
        line.writeTo(output);
        output.flush();
    }

    private static ObjectMapper mapper() {
        JsonFactory factory =
                JsonFactory.builder()
                        .streamReadConstraints(
                                StreamReadConstraints.builder()
                                        .maxNestingDepth(Integer.MAX_VALUE)
                                        .maxStringLength(Integer.MAX_VALUE)
                                        .build())
                        .streamWriteConstraints(
                                StreamWriteConstraints.builder()
                                        .maxNestingDepth(Integer.MAX_VALUE)
                                        .build())
                        .build();
        return new ObjectMapper(factory).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /** The conversation is over, also where the user's code waits for the answer to a call. */
    private static final class End extends Error {
        private static final long serialVersionUID = 1L;

        End(IOException cause) {
            super(cause);
        }
    }
}
