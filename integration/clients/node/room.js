// This program joins the room at the URL with several clients. Each client sends messages of
// several sizes. Each client must receive all messages, those of one sender in order.
const WebSocket = require('ws');
const [url, count] = [process.argv[2], Number(process.argv[3])];
const sizes = [0, 1, 125, 126, 65535, 65536, 300000];
const message = (client, i) => client + ':' + i + ':' + 'x'.repeat(sizes[i % sizes.length]);

function join(client, ready) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const next = new Array(count).fill(0);
    let pongs = 0;
    socket.on('error', reject);
    socket.on('pong', () => pongs++);
    socket.on('message', (data, binary) => {
      const text = data.toString();
      if (text === 'start') {
        socket.ping();
        for (let i = 0; i < 2 * sizes.length; i++) socket.send(message(client, i), { binary: i % 2 === 1 });
        return;
      }
      const from = Number(text.slice(0, text.indexOf(':')));
      if (text !== message(from, next[from])) reject(new Error(`client ${client}: message ${next[from]} of ${from} is ${text.slice(0, 40)}`));
      if (binary !== (next[from] % 2 === 1)) reject(new Error(`client ${client}: message ${next[from]} of ${from}: binary ${binary}`));
      next[from]++;
      if (next.every((n) => n === 2 * sizes.length)) socket.close(1000, 'bye');
    });
    socket.on('close', (code, reason) => {
      if (code !== 1000 || pongs !== 1) reject(new Error(`client ${client}: closed with ${code} ${reason}, ${pongs} pongs`));
      resolve();
    });
  });
}

Promise.all(Array.from({ length: count }, (_, client) => join(client))).then(
  () => console.log('all messages arrived'),
  (error) => { console.error(error); process.exit(1); });
