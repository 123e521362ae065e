export { kafkaSink } from './kafka-sink.js';
export type { KafkaSinkOptions } from './kafka-sink-options.js';
export type { KafkaConnection } from './kafka-client.js';
