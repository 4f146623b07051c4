export { Alarms } from './alarms.js';
export { BookFile, type BookRules } from './book-file.js';
export { controlProblem, controlRoute, readControlBody, withBody, Wait, type ControlRoute } from './control.js';
export { healthRoute, lifeRoutes, switchRoutes, type Controlled } from './control-common.js';
export { ACTIONS, answerPhone, forPhone, type Action, type Answering, type PhoneForm } from './control-phones.js';
export { type DoseName, type FaultBoard } from './fault-board.js';
export {
  html,
  json,
  postMessage,
  readJsonObject,
  toMachinePage,
  type Answer,
  type Delivery,
  type OutgoingMessage,
  type Reply,
  type Request,
} from './http.js';
export { type MeterReading, type RequestMeter } from './meter.js';
export {
  answerFrontDoor,
  chooseLanguage,
  escape,
  isLook,
  page,
  PAGE_SECURITY,
  redirect,
  textsIn,
  toLanguageLink,
  type Language,
  type PageContent,
  type PageTexts,
  type Texts,
} from './page.js';
export { readPaymentForm, toPayerFields, toPaymentForm } from './page-payment.js';
export { answerCommonPages, MESSAGES_SHOWN, type PhoneOnPage } from './page-phones.js';
export { runSimulator, type SimulatorProgram } from './process.js';
export { randomText, systemRandom } from './random.js';
export { findUndocumented } from './readme.js';
export { orThrow, startSimulator, type RunningSimulator, type SimulatorOptions, type Startable } from './running.js';
export { type Doors } from './server.js';
export {
  choice,
  dose,
  flag,
  lookup,
  text,
  whole,
  type Dose,
  type Switch,
  type SwitchDescription,
  type SwitchTable,
  type ValuesOf,
} from './switches.js';
export { systemTime, toIsoTime, type SimulatorTime } from './time.js';
export {
  toWebhookView,
  TriedEntrySchema,
  WEBHOOK_FIELDS,
  WebhookLog,
  type TriedEntry,
  type WebhookEntry,
  type WebhookRecord,
} from './webhook-log.js';
export { createWorld, startOver, type World, type WorldParts, type WorldRules } from './world.js';
export { WebhookSender, type SendingRules } from './webhook-sender.js';
