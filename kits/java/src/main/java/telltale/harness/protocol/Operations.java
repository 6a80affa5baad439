package telltale.harness.protocol;

/** The operations of a harness. One may be asked while another one waits for a call. */
@FunctionalInterface
public interface Operations {
    /**
     * Serves one request.
     *
     * @return what the protocol names as its value: anything that Jackson writes, or null
     * @throws Refused for the declared error of the contract
     * @throws Unsupported where the operation is not served
     * @throws Exception for anything else, which is reported as a fault
     */
    Object perform(Request request) throws Exception;
}
