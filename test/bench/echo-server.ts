/**
 * The least that any server on this machine has to do: reads the body and sends it back. Its rate is
 * what ours is compared with. Writes the port it listens on.
 */
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => new Response(await request.arrayBuffer()),
});
console.log(server.port);
