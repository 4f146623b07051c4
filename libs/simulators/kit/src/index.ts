export {
  answerControlCall,
  clearSwitches,
  controlProblem,
  controlRoute,
  readControlBody,
  turnSwitches,
  Wait,
  type ControlRoute,
} from './control.js';
export {
  html,
  json,
  postMessage,
  readRequest,
  sendAnswer,
  type Answer,
  type Delivery,
  type OutgoingMessage,
  type Reply,
  type Request,
} from './http.js';
export { FileJournal, forgetfulJournal, readJournal, type Journal } from './journal.js';
export { runSimulator } from './process.js';
export { readSettings } from './settings.js';
export {
  choice,
  dose,
  draw,
  flag,
  lookup,
  SwitchBoard,
  text,
  whole,
  type Dose,
  type Switch,
  type SwitchDescription,
  type SwitchTable,
  type ValuesOf,
} from './switches.js';
export { systemTime, type SimulatorTime } from './time.js';
export { Watch } from './watch.js';
