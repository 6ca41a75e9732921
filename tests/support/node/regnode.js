'use strict';
// A real Bitcoin full node (bcoin) on regtest, in memory, for tests.
//
//   node regnode.js PORT KEY     JSON-RPC at http://x:KEY@127.0.0.1:PORT/; port 0 takes a free one
//
// Prints "READY port" when it answers. Ends with its standard input, so that it does not outlive the tests.
// HARDBITS=1f00ffff HARDFROM=600: from that height on blocks are so hard, and most shares are no blocks.

const networks = require('bcoin/lib/protocol/networks');
// bcoin has regtest prefixes of its own; addresses shall read as Bitcoin Core's do.
networks.regtest.addressPrefix = Object.assign({}, networks.regtest.addressPrefix,
  {pubkeyhash: 0x6f, scripthash: 0xc4, bech32: 'bcrt'});
// Heights in coinbases (BIP 34) are checked from block 1 on, as Bitcoin Core's regtest does; bcoin's never does.
networks.regtest.block.bip34height = 1;
require('bcoin/lib/protocol/network').set('regtest');

if (process.env.HARDBITS) {
  const Chain = require('bcoin/lib/blockchain/chain');
  const bits = parseInt(process.env.HARDBITS, 16);
  const from = Number(process.env.HARDFROM || 600);
  const getTarget = Chain.prototype.getTarget;
  Chain.prototype.getTarget = async function(time, prev) {
    return prev && prev.height + 1 >= from ? bits : getTarget.call(this, time, prev);
  };
}

const FullNode = require('bcoin/lib/node/fullnode');
const node = new FullNode({
  network: 'regtest', memory: true, workers: false, listen: false, loader: require,
  httpHost: '127.0.0.1', httpPort: Number(process.argv[2]), apiKey: process.argv[3],
  host: '127.0.0.1', only: ['127.0.0.1:1'], maxOutbound: 1, // no peers
  logConsole: true, logFile: false, logLevel: 'info',
});

process.on('unhandledRejection', (error) => { throw error; });
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

(async () => {
  await node.open();
  await node.connect();
  console.log(`READY ${node.http.http.address().port}`);
})().catch((error) => { console.error(error.stack); process.exit(1); });
