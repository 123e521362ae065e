export { kafkaSink, type KafkaSinkOptions } from './kafka-sink.js';
export type { KafkaConnection } from './kafka-client.js';
