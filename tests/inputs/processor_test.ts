import {
  internvlInputs,
  llavaInputs,
  llavaOnevisionInputs,
  qwen25VlInputs,
  qwen2VlInputs,
  qwen3VlInputs,
} from "../../lib/families/input_recipes.ts";
import { inputsSuite } from "../suites/inputs_suite.ts";

inputsSuite("qwen3_vl", qwen3VlInputs);
inputsSuite("qwen3_vl_bf16", qwen3VlInputs);
inputsSuite("qwen2_vl", qwen2VlInputs);
inputsSuite("qwen2_5_vl", (files) => qwen25VlInputs(files, 2));
inputsSuite("llava", llavaInputs);
inputsSuite("llava_onevision", llavaOnevisionInputs);
inputsSuite("internvl", internvlInputs);
inputsSuite("internvl_qwen3", internvlInputs);
