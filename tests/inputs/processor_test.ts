import { inputsSuite } from "../suites/inputs_suite.ts";

inputsSuite("qwen3_vl");
inputsSuite("qwen3_vl_bf16");
