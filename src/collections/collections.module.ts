import { Module } from '@nestjs/common';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { CollectionsController } from './collections.controller.js';
import { CollectionsService } from './collections.service.js';

/** Money in. */
@Module({ imports: [TransactionsModule], controllers: [CollectionsController], providers: [CollectionsService] })
export class CollectionsModule {}
