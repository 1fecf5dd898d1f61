import { z } from 'zod'
import { isAddressOrRange } from './source-addresses.ts'

export const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#'] as const

const PHONE_NUMBER = /^\+?\d{2,20}$|^sips?:[^\s{}]{1,200}$/
const VARIABLE = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}$/

/** Where a call can be transferred to: a phone number or a SIP address. */
export function isPhoneNumber(text: string): boolean {
  return PHONE_NUMBER.test(text)
}

/** The variable that a number is taken from: `{{name}}`; null where it stands in the file itself. */
export function variableOf(number: string): string | null {
  return VARIABLE.exec(number)?.[1] ?? null
}

export const PhoneNumber = z
  .string()
  .refine(isPhoneNumber, 'must be a phone number (+47...) or a sip: address')

const Pattern = z.string().min(1).refine(isPattern, 'must be a regular expression')

/** What the model is told of it; absent: a text that fits its type. */
const described = { description: z.string().min(1).optional() }
/** The words with which it is done cannot be spoken over. */
const spoken = { ...described, no_interruption_allowed: z.boolean().optional() }

const EndCall = z.strictObject({ ...spoken, type: z.literal('end_call') })

const TransferCall = z
  .strictObject({
    ...spoken,
    type: z.literal('transfer_call'),
    /** A number, or `{{variable}}`; absent: the model says it, held against `allow` or `pattern`. */
    number: z
      .string()
      .refine(
        (text) => isPhoneNumber(text) || variableOf(text) !== null,
        'must be a phone number (+47...), a sip: address or one {{variable}}',
      )
      .optional(),
    /** The numbers that it may be. */
    allow: z.array(PhoneNumber).min(1).optional(),
    /** A regular expression of the whole number; beside `allow`, either is enough. */
    pattern: Pattern.optional(),
    /** Whose number the other side sees; absent: as Retell does it. */
    show_transferee_as_caller: z.boolean().optional(),
  })
  .refine(
    ({ number, allow, pattern }) => number !== undefined || allow || pattern,
    'needs a number, or allow or pattern for the number that the model says',
  )
  .refine(
    ({ number, allow, pattern }) =>
      number === undefined || variableOf(number) !== null || (!allow && !pattern),
    'takes no allow or pattern, as its number stands here already',
  )
export type TransferCall = z.infer<typeof TransferCall>

const PressDigit = z.strictObject({
  ...spoken,
  type: z.literal('press_digit'),
  /** The key; absent: the model says which. */
  digit: z.enum(DIGITS).optional(),
})

/** How the agent listens, in Retell's own words and ranges; it stays so for the rest of the call. */
export const AgentConfig = z.strictObject({
  responsiveness: z.number().min(0).max(1).optional(),
  interruption_sensitivity: z.number().min(0).max(1).optional(),
  reminder_trigger_ms: z.number().positive().optional(),
  reminder_max_count: z.int().min(0).optional(),
})

const UpdateAgent = z.strictObject({
  ...described,
  type: z.literal('update_agent'),
  agent_config: AgentConfig.refine(
    (config) => Object.keys(config).length > 0,
    'needs at least one setting',
  ),
})

const Metadata = z.strictObject({
  ...described,
  type: z.literal('metadata'),
  /** What the model may say: a JSON Schema. */
  parameters: z.record(z.string(), z.unknown()).optional(),
  /** Sent with it in any case; beats what the model says. */
  metadata: z.record(z.string(), z.unknown()).optional(),
})

/** Something that Retell does when the model asks for it. */
export const RetellAction = z.discriminatedUnion('type', [
  EndCall,
  TransferCall,
  PressDigit,
  UpdateAgent,
  Metadata,
])
export type RetellAction = z.infer<typeof RetellAction>

const ActionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')

/** How calls of Retell are answered. */
export const RetellOptions = z.strictObject({
  /** Who speaks first: the agent, with what the flow's starting state says, or the caller. */
  first_speaker: z.enum(['agent', 'caller']).default('agent'),
  /** The greeting waits for the call's data; absent: only if the flow uses any of it. */
  greet_after_call_details: z.boolean().optional(),
  /** The greeting waits so long at most, and is then said without them. */
  call_details_timeout_ms: z.int().min(50).max(5000).default(1000),
  /** Retell's transcript shows the tools and actions that were called. */
  show_tool_calls: z.boolean().default(true),
  /** From where connections are taken, besides the key that they need; empty: from anywhere. */
  allow_addresses: z
    .array(
      z.string().refine(isAddressOrRange, 'must be an IP address or a range such as 10.0.0.0/8'),
    )
    .default([]),
  /** So many proxies stand in front; `allow_addresses` then reads `x-forwarded-for`. */
  trust_proxy_hops: z.int().min(0).max(10).default(0),
  /** Offered to the model as tools of these names, as far as the flow's `platform_tools` allow. */
  actions: z.record(ActionName, RetellAction).default({}),
})
export type RetellOptions = z.infer<typeof RetellOptions>

function isPattern(source: string): boolean {
  try {
    new RegExp(`^(?:${source})$`)
    return true
  } catch {
    return false
  }
}
