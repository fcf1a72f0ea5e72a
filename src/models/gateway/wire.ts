/** How a gateway is spoken to: what is posted where, and what its answers mean. */
import type { Usage } from "../model.ts";
import type { WrittenMessage } from "../private_outbound.ts";
import type { GatewayKind } from "./kinds.ts";

/** What is asked of the gateway about the form of an answer, strictest first: the contract's schema, any JSON, nothing. */
export type Format = "schema" | "json" | "text";

/** How an answer may come: in parts, with a last one that counts the tokens, where that must be asked for; or whole. */
export type Delivery = "stream_with_usage" | "stream" | "whole";

export interface WireRequest {
  readonly messages: readonly WrittenMessage[];
  readonly format: Format;
  readonly delivery: Delivery;
  readonly episode_id?: string | undefined;
  /** A test: a gateway that can leave it out of its records does so. */
  readonly purpose?: "diagnosis" | "test";
}

/** A part of an answer, or all of it. */
export interface Part {
  readonly text?: string;
  /** Arguments of tool calls, or pieces of them, by the call's number: some models reply through a tool. */
  readonly calls?: readonly { readonly index: number; readonly text: string }[];
  readonly finish_reason?: string;
  readonly usage?: Usage;
  readonly episode_id?: string;
  readonly answered_by?: string;
}

export interface Wire {
  readonly kind: GatewayKind;
  readonly url: URL;
  /** The formats that it knows, strictest first; the last one asks for nothing. */
  readonly formats: readonly Format[];
  /** The deliveries that it knows, best first; the last one is `whole`. */
  readonly deliveries: readonly Delivery[];
  /** The document to post. */
  request(request: WireRequest): object;
  /** A whole answer; undefined when the document is none. */
  answer(document: unknown): Part | undefined;
  /** One event of a streamed answer; undefined when the document is none. */
  chunk(document: unknown): Part | undefined;
}
