// The scenarios that run beside the locations, by name.
import * as alarms from './alarms.mjs';
import * as clocks from './clocks.mjs';
import * as failingObjects from './failing-objects.mjs';
import * as forged from './forged.mjs';
import * as operator from './operator.mjs';
import * as silentObjects from './silent-objects.mjs';
import * as staleness from './staleness.mjs';
import * as telling from './telling.mjs';

export const SCENARIOS = { ...alarms, ...clocks, ...failingObjects, ...forged, ...operator, ...silentObjects, ...staleness, ...telling };
