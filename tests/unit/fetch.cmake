palabre_unit_test(test_fetch_spec LINK palabre-fetch)
palabre_unit_test(test_fetch_cache LINK palabre-fetch)
