/**
 * Loaded first in the processes that check archives: blocks all connections. This keeps Hourglass's own code, such as downloads
 * of data sets, from using the network. Plugin code, if the user lets it run, could undo it.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';

function refuse(): never {
  throw Object.assign(new Error('verification has no network access'), { code: 'ENETUNREACH' });
}

net.Socket.prototype.connect = refuse;
net.Server.prototype.listen = refuse;
dgram.Socket.prototype.bind = refuse;
dgram.Socket.prototype.send = refuse;
dgram.Socket.prototype.connect = refuse;
syncBuiltinESMExports();
