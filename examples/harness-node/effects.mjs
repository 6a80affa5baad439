// How an effect request is carried out: its metadata is checked, and its body names the method.

const contractViolation = (message) => ({
  status: { status: 'failure', failure: { kind: 'contract_violation', message } },
  response: null,
});

/** Return the outcome of a request with the methods of a handler (SYNC-12). */
export async function carryOut(handler, request, call) {
  const { metadata, body, session } = request;
  if (!isLegal(metadata)) {
    const name = `${metadata.interface_name}.${metadata.operation_name}`;
    return contractViolation(`effect ${name} violates the protocol-machine effect algebra`);
  }
  const { needsSession, perform } = BODIES[body.kind];
  if (needsSession && session === null) {
    return contractViolation(`${body.kind} request is missing session`);
  }
  return perform(handler, body, session, call);
}

/** Say whether the classes of an effect go together. */
function isLegal(metadata) {
  const { authority_class, semantic_class, agreement_use, timeout_policy, retry_shape } = metadata;
  const hasTimeout = typeof timeout_policy === 'object';
  return (
    (authority_class !== 'authoritative' || semantic_class === 'authoritative') &&
    (agreement_use !== 'required' ||
      (authority_class !== 'observe' && semantic_class !== 'observational')) &&
    (hasTimeout || (metadata.totality !== 'may_block' && retry_shape === 'forbidden')) &&
    (metadata.admissibility !== 'internal_only' || metadata.handler_domain === 'internal')
  );
}

function outcomeOf(result, responseOf) {
  if (result.status === 'success') {
    return { status: { status: 'success' }, response: responseOf(result.value) };
  }
  return { status: result, response: null };
}

const BODIES = {
  send_decision: {
    needsSession: true,
    perform: async (handler, { kind, ...rest }, sid, call) => {
      const result = await handler.send_decision({ input: { sid, ...rest } }, call);
      return outcomeOf(result, (decision) => ({ kind, decision }));
    },
  },
  receive: {
    perform: async (handler, { kind, ...rest }, _, call) => {
      const { result, state } = await handler.handle_recv(rest, call);
      return outcomeOf(result, () => ({ kind, state }));
    },
  },
  choose: {
    perform: async (handler, { kind, ...rest }, _, call) =>
      outcomeOf(await handler.handle_choose(rest, call), (label) => ({ kind, label })),
  },
  invoke_step: {
    perform: async (handler, { kind, ...rest }, _, call) => {
      const { result, state } = await handler.step(rest, call);
      return outcomeOf(result, () => ({ kind, state }));
    },
  },
  acquire: {
    needsSession: true,
    perform: async (handler, { kind, ...rest }, sid, call) => {
      const result = await handler.handle_acquire({ sid, ...rest }, call);
      return outcomeOf(result, (evidence) => ({ kind, evidence }));
    },
  },
  release: {
    needsSession: true,
    perform: async (handler, { kind, ...rest }, sid, call) =>
      outcomeOf(await handler.handle_release({ sid, ...rest }, call), () => ({ kind })),
  },
  topology_events: {
    perform: async (handler, { kind, tick }, _, call) =>
      outcomeOf(await handler.topology_events({ tick }, call), (events) => ({ kind, events })),
  },
  wal_sync: {
    perform: async (handler, { kind, sync }, _, call) =>
      outcomeOf(await handler.wal_sync({ sync }, call), () => ({ kind })),
  },
  output_condition_hint: {
    needsSession: true,
    perform: async (handler, { kind, ...rest }, sid, call) => {
      const hint = await handler.output_condition_hint({ sid, ...rest }, call);
      return { status: { status: 'success' }, response: { kind, hint } };
    },
  },
};
