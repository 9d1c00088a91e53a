import { familySuite } from "../suites/family_suite.ts";

familySuite("qwen3_vl_moe");
