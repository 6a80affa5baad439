package telltale.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import telltale.harness.protocol.Refused;
import telltale.harness.protocol.Request;
import telltale.harness.protocol.Runner;
import telltale.harness.protocol.Unsupported;

class HarnessTest {
    private static final String GREATEST = "18446744073709551615";
    private static final String HELLO = "{\"id\":0,\"operation\":\"hello\"}";

    /** Keeps its entries where it was opened, and has some bad habits. */
    private record FileLog(Path path) implements Log {
        @Override
        public void append(JsonNode entry) throws Exception {
            switch (entry.path("operation_id").asText()) {
                case "refused" -> throw new Refused("because");
                case "wordless" -> throw new Refused(null);
                case "broken" -> throw new IOException("no such thing");
                case "wrong" -> throw new AssertionError("never");
                default -> {}
            }
            String line = Runner.JSON.writeValueAsString(entry) + "\n";
            Files.writeString(path, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }

        @Override
        public List<JsonNode> readSince(BigInteger tick) throws Exception {
            return load().stream()
                    .filter(entry -> entry.get("tick").bigIntegerValue().compareTo(tick) > 0)
                    .toList();
        }

        @Override
        public List<JsonNode> load() throws Exception {
            List<JsonNode> entries = new ArrayList<>();
            for (String line : Files.readString(path).split("\n")) {
                entries.add(Runner.JSON.readTree(line));
            }
            return entries;
        }
    }

    private static Log open(Path directory) throws Refused {
        if (!Files.isDirectory(directory)) {
            throw new Refused("there is no such place");
        }
        return new FileLog(directory.resolve("log.jsonl"));
    }

    private static Object others(Request request) throws Exception {
        if (request.operation().equals("entry.identity")) {
            Map<String, JsonNode> arguments = Map.of("entry", request.value("entry"));
            return request.call("wal.load", BigInteger.valueOf(9), arguments);
        }
        throw new Unsupported("no " + request.operation());
    }

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private List<String> said(String... lines) throws IOException {
        byte[] input = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
        new Harness("test", "1")
                .durability(Durability.PROCESS)
                .capability("exact-messages")
                .capability("reopen")
                .log(HarnessTest::open)
                .operations(HarnessTest::others)
                .serve(new ByteArrayInputStream(input), output);
        return lines();
    }

    private List<String> lines() {
        return List.of(output.toString(StandardCharsets.UTF_8).split("\n"));
    }

    @Test
    void announcesWhatItsDurabilityPromisesOnce() throws Exception {
        assertEquals(
                List.of(
                        "{\"id\":0,\"ok\":{\"protocol\":\"telltale-conformance.harness.v1\","
                                + "\"specification\":\"telltale.machine.durability.v1\","
                                + "\"name\":\"test\",\"version\":\"1\","
                                + "\"capabilities\":[\"reopen\",\"process-kill\",\"exact-messages\"],"
                                + "\"rejection_mode\":\"clean-reject\","
                                + "\"durability_class\":\"process\",\"concurrent_calls\":false,"
                                + "\"mends\":[]}}"),
                said(HELLO));
    }

    @Test
    void aLogIsFoundAgainUnderAnotherNumberWithExactTicks(@TempDir Path directory)
            throws Exception {
        String place = Runner.JSON.writeValueAsString(directory.toString());
        String open = "{\"id\":%d,\"operation\":\"wal.open\",\"object\":%d,\"directory\":%s}";
        String id = "\u2028 9007199254740993" + "a".repeat(100_000);
        String entry = "{\"operation_id\":\"" + id + "\",\"tick\":" + GREATEST + "}";
        assertEquals(
                List.of(
                        "{\"id\":1,\"ok\":null}",
                        "{\"id\":2,\"ok\":null}",
                        "{\"id\":3,\"ok\":null}",
                        "{\"id\":4,\"ok\":null}",
                        "{\"id\":5,\"ok\":{\"entries\":[" + entry + "]}}",
                        "{\"id\":6,\"ok\":[]}",
                        "{\"id\":7,\"ok\":null}"),
                said(
                        open.formatted(1, 1, place),
                        "{\"id\":2,\"operation\":\"wal.append\",\"object\":1,\"entry\":" + entry + "}",
                        "{\"id\":3,\"operation\":\"wal.close\",\"object\":1}",
                        open.formatted(4, 2, place),
                        "{\"id\":5,\"operation\":\"wal.load\",\"object\":2}",
                        "{\"id\":6,\"operation\":\"wal.read_since\",\"object\":2,\"tick\":"
                                + GREATEST
                                + "}",
                        "{\"id\":7,\"operation\":\"shutdown\"}",
                        "not read any more"));
    }

    @Test
    void tellsRefusalsAndFaultsApart(@TempDir Path directory) throws Exception {
        String place = Runner.JSON.writeValueAsString(directory.toString());
        String append =
                "{\"id\":1,\"operation\":\"wal.append\",\"object\":1,"
                        + "\"entry\":{\"operation_id\":\"%s\"}}";
        assertEquals(
                List.of(
                        "{\"id\":1,\"refused\":\"there is no such place\"}",
                        "{\"id\":1,\"ok\":null}",
                        "{\"id\":1,\"refused\":\"because\"}",
                        // WAL-09 is broken, and has to be seen.
                        "{\"id\":1,\"refused\":\"\"}",
                        "{\"id\":1,\"fault\":{\"kind\":\"IOException\",\"text\":\"no such thing\"}}",
                        "{\"id\":1,\"fault\":{\"kind\":\"AssertionError\",\"text\":\"never\"}}",
                        "{\"id\":1,\"fault\":{\"kind\":\"IllegalStateException\","
                                + "\"text\":\"nothing is open as 7\"}}",
                        "{\"id\":1,\"fault\":{\"kind\":\"IllegalArgumentException\","
                                + "\"text\":\"wal.append has no argument entry\"}}"),
                said(
                        "{\"id\":1,\"operation\":\"wal.open\",\"object\":0,\"directory\":\"/absent\"}",
                        "{\"id\":1,\"operation\":\"wal.open\",\"object\":1,\"directory\":"
                                + place
                                + "}",
                        append.formatted("refused"),
                        append.formatted("wordless"),
                        append.formatted("broken"),
                        append.formatted("wrong"),
                        "{\"id\":1,\"operation\":\"wal.load\",\"object\":7}",
                        "{\"id\":1,\"operation\":\"wal.append\",\"object\":1}"));
    }

    @Test
    void whatIsNotGivenIsNotSupported() throws Exception {
        assertEquals(
                List.of(
                        "{\"id\":1,\"unsupported\":\"cache.open is not served here\"}",
                        "{\"id\":2,\"unsupported\":\"no recovery.plan\"}",
                        "{\"id\":3,\"unsupported\":\"wal.compact is not served here\"}"),
                said(
                        "{\"id\":1,\"operation\":\"cache.open\",\"object\":1,\"directory\":\"/\"}",
                        "{\"id\":2,\"operation\":\"recovery.plan\"}",
                        "{\"id\":3,\"operation\":\"wal.compact\",\"object\":1}"));
    }

    @Test
    void servesWhatComesWhileACallWaits() throws Exception {
        String ask = "{\"id\":%d,\"operation\":\"entry.identity\",\"entry\":" + GREATEST + "}";
        String call =
                "{\"call\":%1$d,\"during\":%1$d,\"operation\":\"wal.load\",\"object\":9,\"entry\":"
                        + GREATEST
                        + "}";
        assertEquals(
                List.of(
                        call.formatted(1),
                        call.formatted(2),
                        "{\"id\":2,\"fault\":{\"kind\":\"OSError\",\"text\":\"no disk\",\"call\":2}}",
                        "{\"id\":1,\"refused\":\"no\"}"),
                said(
                        ask.formatted(1),
                        ask.formatted(2),
                        "{\"call\":2,\"fault\":{\"kind\":\"OSError\",\"text\":\"no disk\"}}",
                        "{\"call\":1,\"refused\":\"no\"}"));
    }

    @Test
    void valuesFarDeeperThanAJsonReaderLikesAreServed() throws Exception {
        String deep = "[".repeat(1200) + "]".repeat(1200);
        List<String> said =
                said(
                        "{\"id\":1,\"operation\":\"entry.identity\",\"entry\":" + deep + "}",
                        "{\"call\":1,\"ok\":" + deep + "}");
        assertEquals("{\"id\":1,\"ok\":" + deep + "}", said.get(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":1,", "", "7", "null", "{\"id\":1}", "{\"operation\":\"hello\"}", "{} {}"
            })
    void endsAtALineThatIsNoMessage(String line) {
        IOException error = assertThrows(IOException.class, () -> said(HELLO, line, HELLO));
        assertTrue(error.getMessage().startsWith("not a message"), error.getMessage());
        assertEquals(1, lines().size());
    }

    @Test
    void endsAtAnAnswerToACallThatDoesNotWait() {
        String ask = "{\"id\":1,\"operation\":\"entry.identity\",\"entry\":0}";
        assertThrows(IOException.class, () -> said(ask, "{\"call\":2,\"ok\":null}"));
        assertThrows(IOException.class, () -> said("{\"call\":2,\"ok\":null}"));
    }
}
