/**
 * The least that any server on this machine has to do: reads the body and sends back a fixed answer
 * of the size given as argument. Its rate is what ours is compared with.
 */
const answerBytes = Number(Bun.argv[2] ?? 1000);
const answer = Buffer.alloc(answerBytes, "x");
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(answer, { headers: { "content-type": "application/octet-stream" } });
  },
});
console.log(server.port);
