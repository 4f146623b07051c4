import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { toIso } from '../http/instants.js';
import type { PayoutControl } from './payout-control.entity.js';

/** `POST /v1/payouts/stop`. */
export class StopPayoutsRequest {
  @ApiProperty({
    minLength: 1,
    maxLength: 500,
    description: 'Why, for whoever finds them stopped.',
    example: 'Key leaked',
  })
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, { message: 'reason must say something' })
  reason!: string;
}

/** The kill switch. Also the `data` of `payouts.stopped` and `payouts.started`. */
export class PayoutSwitchResponse {
  @ApiProperty({ enum: ['payout_switch'] })
  object!: 'payout_switch';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: string;
  @ApiProperty({ enum: ['on', 'stopped'], description: '`stopped`: nothing is sent that is not under way already.' })
  status!: 'on' | 'stopped';
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  stoppedAt!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The principal who stopped them.' })
  stoppedBy!: string | null;
  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  static from({ mode, stopped }: Pick<PayoutControl, 'mode' | 'stopped'>): PayoutSwitchResponse {
    return {
      object: 'payout_switch',
      mode,
      status: stopped ? 'stopped' : 'on',
      stoppedAt: stopped && toIso(stopped.at),
      stoppedBy: stopped && stopped.principalId,
      reason: stopped && stopped.reason,
    };
  }
}
