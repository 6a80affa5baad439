package telltale.harness;

import java.util.List;

/** What a backend survives. Each announces the capabilities that the protocol wants for it. */
public enum Durability {
    /** Nothing. */
    VOLATILE("volatile"),
    /** An orderly close. */
    RESTART("restart", "reopen"),
    /** The death of its process. */
    PROCESS("process", "reopen", "process-kill"),
    /** A loss of power. */
    POWER("power", "reopen", "process-kill", "power-loss");

    final String protocolName;
    final List<String> announced;

    Durability(String protocolName, String... announced) {
        this.protocolName = protocolName;
        this.announced = List.of(announced);
    }
}
