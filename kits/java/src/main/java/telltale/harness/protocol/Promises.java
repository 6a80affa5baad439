package telltale.harness.protocol;

import java.util.List;

/**
 * What the harness declares in the handshake.
 *
 * @param name of the backend
 * @param version of the backend
 * @param capabilities what it promises, by the protocol's names
 * @param rejectionMode what a refused append leaves
 * @param durabilityClass what the backend survives
 * @param mends findings that it mends
 */
public record Promises(
        String name,
        String version,
        List<String> capabilities,
        String rejectionMode,
        String durabilityClass,
        List<String> mends) {}
