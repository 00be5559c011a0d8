// SPDX-License-Identifier: MIT
// Starts the parts of the page. Each owns a part of the document, and listens to `live`.

import * as actions from './actions.js';
import * as bans from './bans.js';
import * as detail from './detail.js';
import * as distributions from './distributions.js';
import * as events from './events.js';
import * as history from './history.js';
import * as live from './live.js';
import * as overview from './overview.js';
import * as peers from './peers.js';

overview.start();
history.start();
events.start();
peers.start(detail.openPeer);
distributions.start();
bans.start();
actions.start();
detail.start();
live.start();
