/**
 * Loaded first by the processes that check archives: no connection leaves them. It keeps our own code, such as the fetching of
 * data sets, from the network; code of plugins, where the user lets it run, could undo it.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';

function refuse(): never {
  throw Object.assign(new Error('verifying a submission uses no network'), { code: 'ENETUNREACH' });
}

net.Socket.prototype.connect = refuse;
net.Server.prototype.listen = refuse;
dgram.Socket.prototype.bind = refuse;
dgram.Socket.prototype.send = refuse;
dgram.Socket.prototype.connect = refuse;
syncBuiltinESMExports();
