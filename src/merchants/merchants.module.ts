import { Module } from '@nestjs/common';
import { MerchantController } from './merchant.controller.js';
import { MerchantsController } from './merchants.controller.js';
import { MerchantsService } from './merchants.service.js';

/** The businesses that use this gateway. */
@Module({
  controllers: [MerchantController, MerchantsController],
  providers: [MerchantsService],
  exports: [MerchantsService],
})
export class MerchantsModule {}
