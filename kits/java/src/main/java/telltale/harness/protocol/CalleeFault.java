package telltale.harness.protocol;

/** One of the runner's objects broke its contract, on purpose: let it pass through. */
public final class CalleeFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final String kind;
    final long call;

    CalleeFault(String kind, String text, long call) {
        super(text);
        this.kind = kind;
        this.call = call;
    }
}
