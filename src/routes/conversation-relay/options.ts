import { z } from 'zod'

const Description = z.string().min(1).optional()
/** As ConversationRelay writes languages: `es-ES`. */
const Language = z
  .string()
  .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, 'must be a language code, such as es-ES')
const DIGITS = /^[0-9*#wW]{1,64}$/

/** Ends the session: the platform goes on with the call as the application told it to. */
const End = z.strictObject({
  type: z.literal('end'),
  description: Description,
  /** Given to the application as JSON; without a `reason` of its own, the model may write one. */
  handoff_data: z.record(z.string(), z.unknown()).default({}),
})

const SendDigits = z.strictObject({
  type: z.literal('send_digits'),
  description: Description,
  /** Without it the model says which. */
  digits: z.string().regex(DIGITS, 'must be digits, *, # and w (a pause)').optional(),
})

const Play = z.strictObject({
  type: z.literal('play'),
  description: Description,
  source: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  /** How often; 0 goes on as long as the platform allows. */
  loop: z.int().min(0).max(1000).optional(),
  interruptible: z.boolean().optional(),
  preemptible: z.boolean().optional(),
})

/** Goes on in another language; of several the model says which. */
const SwitchLanguage = z.strictObject({
  type: z.literal('language'),
  description: Description,
  languages: z.array(Language).min(1).max(50),
})

const RelayAction = z.discriminatedUnion('type', [End, SendDigits, Play, SwitchLanguage])
export type RelayAction = z.infer<typeof RelayAction>

const ActionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a tool name: letters, digits, _ and -')

const Twilio = z.strictObject({
  /** Of the Twilio account; signs what Twilio sends. */
  auth_token: z.string().min(1),
  /** The URL exactly as it stands in the TwiML. */
  url: z.url({ protocol: /^wss$/, error: 'must be the wss URL that Twilio connects to' }),
})

/** How calls of Twilio's and Telnyx's ConversationRelay are answered. */
export const ConversationRelayOptions = z.strictObject({
  /** Who speaks first: the agent with what the flow's starting state says, or the platform's welcome greeting and the caller. */
  first_speaker: z.enum(['agent', 'caller']).default('caller'),
  /** What the model can have the platform do, by the name of the tool that it is offered. */
  actions: z.record(ActionName, RelayAction).default({}),
  /** Keys that are pressed within this time of each other are one input; # ends it. */
  dtmf_gap_ms: z.int().min(0).max(10_000).default(1000),
  /** Connections that Twilio signed need no key. */
  twilio: Twilio.optional(),
})
export type ConversationRelayOptions = z.infer<typeof ConversationRelayOptions>
