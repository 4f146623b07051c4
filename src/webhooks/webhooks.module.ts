import { Module } from '@nestjs/common';
import { EmailsModule } from '../emails/emails.module.js';
import { EventsModule } from '../events/events.module.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import { DeliveryReceipts } from './delivery-receipts.js';
import { DeliveryRecorder } from './delivery-recorder.js';
import { EndpointHealth } from './endpoint-health.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { EndpointTurns } from './endpoint-turns.js';
import { Errands } from './errands.js';
import { MessageSigner } from './message-signer.js';
import { RecoverWebhooksHandler } from './recover-webhooks.handler.js';
import { RedeliveryService } from './redelivery.service.js';
import { TestPings } from './test-pings.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookDeliveryHandler } from './webhook-delivery.handler.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookFanout } from './webhook-fanout.js';
import { WebhookListsService } from './webhook-lists.service.js';
import { WebhookRecoveriesController } from './webhook-recoveries.controller.js';
import { WebhookRecoveriesService } from './webhook-recoveries.service.js';
import { WebhookRequeue } from './webhook-requeue.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhookTargets } from './webhook-targets.js';

/** Tells merchants' endpoints what happened: signed, retried, never lost. */
@Module({
  imports: [EmailsModule, EventsModule],
  controllers: [WebhookEndpointsController, WebhookDeliveriesController, WebhookRecoveriesController],
  providers: [
    WebhookFanout,
    // The API.
    WebhookEndpointsService,
    WebhookListsService,
    RedeliveryService,
    WebhookRecoveriesService,
    RecoverWebhooksHandler,
    WebhookRequeue,
    TestPings,
    // The way of a message, from the job to the wire and back.
    WebhookDeliveryHandler,
    WebhookTargets,
    Errands,
    DeliveryAttempts,
    EndpointTurns,
    EndpointSecrets,
    MessageSigner,
    WebhookSender,
    DeliveryRecorder,
    DeliveryReceipts,
    EndpointHealth,
  ],
  exports: [WebhookFanout, WebhookTargets],
})
export class WebhooksModule {}
